SELECT user_id, posts, likes_received, personal_cards
FROM user_stats
ORDER BY likes_received DESC, user_id
LIMIT 20
