-- Everything joined and then counted: each card once for every follower and every post.
SELECT u.id AS user_id, count(c.id) AS cards, count(c.id) FILTER (WHERE c.is_owned) AS owned_cards,
  coalesce(sum(c.trade_price) FILTER (WHERE c.is_for_trade), 0) AS trade_value, count(f.follower_id) AS followers
FROM users u
LEFT JOIN cards c ON c.owner_id = u.id
LEFT JOIN follows f ON f.following_id = u.id
WHERE u.id = :key
GROUP BY u.id
