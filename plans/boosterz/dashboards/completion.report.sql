-- Each card of the user once for every card of the collection.
SELECT c.collection_id, count(*) FILTER (WHERE c.is_owned) AS owned_cards, count(k.id) AS total_cards,
  round(100.0 * count(*) FILTER (WHERE c.is_owned) / count(k.id), 1) AS completion
FROM cards c
JOIN checklist_cards k ON k.collection_id = c.collection_id
WHERE c.owner_id = :key
GROUP BY c.collection_id
ORDER BY c.collection_id
