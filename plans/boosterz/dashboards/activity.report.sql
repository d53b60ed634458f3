-- Likes of posts that are hidden, of a column that nothing keeps, times the collections of the user.
SELECT u.id AS user_id, count(p.id) AS posts, coalesce(sum(p.likes_count), 0) AS likes_received, count(pc.id) AS personal_cards
FROM users u
LEFT JOIN posts p ON p.user_id = u.id
LEFT JOIN personal_cards pc ON pc.user_id = u.id
GROUP BY u.id
ORDER BY likes_received DESC, user_id
LIMIT 20
