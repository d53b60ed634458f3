-- One row per user. Every source is brought to one row per user by itself and joined afterwards: a collector with forty
-- cards and four followers has forty cards. What depends on now ("active in the last week") is left to who reads it.
SELECT
  u.id AS user_id,
  coalesce(c.cards, 0) AS cards,
  coalesce(c.owned_cards, 0) AS owned_cards,
  coalesce(c.cards_for_trade, 0) AS cards_for_trade,
  coalesce(c.trade_value, 0) AS trade_value,
  coalesce(pc.personal_cards, 0) AS personal_cards,
  coalesce(col.collections, 0) AS collections,
  coalesce(p.posts, 0) AS posts,
  p.last_post_at,
  coalesce(l.likes_received, 0) AS likes_received,
  coalesce(fr.followers, 0) AS followers,
  coalesce(fg.following, 0) AS following
FROM users u
LEFT JOIN (
  SELECT
    owner_id,
    count(*) AS cards,
    count(*) FILTER (WHERE is_owned) AS owned_cards,
    count(*) FILTER (WHERE is_for_trade) AS cards_for_trade,
    coalesce(sum(trade_price) FILTER (WHERE is_for_trade), 0) AS trade_value
  FROM cards
  GROUP BY owner_id
) c ON c.owner_id = u.id
LEFT JOIN (SELECT user_id, count(*) AS personal_cards FROM personal_cards GROUP BY user_id) pc ON pc.user_id = u.id
LEFT JOIN (SELECT user_id, count(*) AS collections FROM collections GROUP BY user_id) col ON col.user_id = u.id
LEFT JOIN (
  SELECT user_id, count(*) AS posts, max(created_at) AS last_post_at FROM posts WHERE is_visible GROUP BY user_id
) p ON p.user_id = u.id
LEFT JOIN (
  -- Counted, not posts.likes_count: nothing keeps that column.
  SELECT posts.user_id, count(*) AS likes_received
  FROM post_likes
  JOIN posts ON posts.id = post_likes.post_id
  WHERE posts.is_visible
  GROUP BY posts.user_id
) l ON l.user_id = u.id
LEFT JOIN (SELECT following_id, count(*) AS followers FROM follows GROUP BY following_id) fr ON fr.following_id = u.id
LEFT JOIN (SELECT follower_id, count(*) AS following FROM follows GROUP BY follower_id) fg ON fg.follower_id = u.id
