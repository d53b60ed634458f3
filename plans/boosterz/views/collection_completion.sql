-- How much of each collection a user has. A card counts once, however many copies there are and whichever of the two tables
-- knows it; what a collection consists of is its checklist, not the number somebody typed into collections.total_cards.
SELECT
  h.user_id,
  h.collection_id,
  h.owned_cards,
  k.total_cards,
  round(100.0 * h.owned_cards / k.total_cards, 1) AS completion
FROM (
  SELECT user_id, collection_id, count(*) AS owned_cards
  FROM (
    SELECT cards.owner_id AS user_id, kc.collection_id, kc.id
    FROM cards
    JOIN checklist_cards kc ON kc.collection_id = cards.collection_id AND kc.reference = cards.reference
    WHERE cards.is_owned
    UNION
    SELECT o.user_id, kc.collection_id, kc.id
    FROM user_card_ownership o
    JOIN checklist_cards kc ON kc.id = o.checklist_card_id
    WHERE o.owned
  ) had
  GROUP BY user_id, collection_id
) h
JOIN (SELECT collection_id, count(*) AS total_cards FROM checklist_cards GROUP BY collection_id) k
  ON k.collection_id = h.collection_id
