SELECT t.id AS collection_id, n.owned_cards, n.total_cards,
  round(100.0 * n.owned_cards / n.total_cards, 1) AS completion
FROM collections t, LATERAL (
  SELECT
    (SELECT count(*) FROM checklist_cards k WHERE k.collection_id = t.id AND (
      EXISTS (SELECT FROM user_card_ownership o WHERE o.user_id = :key AND o.checklist_card_id = k.id AND o.owned)
      OR k.reference IN (SELECT c.reference FROM cards c
        WHERE c.owner_id = :key AND c.collection_id = t.id AND c.is_owned))) AS owned_cards,
    (SELECT count(*) FROM checklist_cards k WHERE k.collection_id = t.id) AS total_cards
  OFFSET 0) n
WHERE n.owned_cards > 0
ORDER BY collection_id
