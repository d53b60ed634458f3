SELECT user_id, cards, owned_cards, trade_value, followers
FROM user_stats
WHERE user_id = :key
