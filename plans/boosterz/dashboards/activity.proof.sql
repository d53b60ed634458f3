SELECT u.id AS user_id,
  (SELECT count(*) FROM posts p WHERE p.user_id = u.id AND p.is_visible) AS posts,
  (SELECT count(*) FROM post_likes l WHERE l.post_id IN (SELECT p.id FROM posts p WHERE p.user_id = u.id AND p.is_visible)) AS likes_received,
  (SELECT count(*) FROM personal_cards pc WHERE pc.user_id = u.id) AS personal_cards
FROM users u
ORDER BY likes_received DESC, user_id
LIMIT 20
