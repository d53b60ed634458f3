SELECT collection_id, owned_cards, total_cards, completion
FROM collection_completion
WHERE user_id = :key
ORDER BY collection_id
