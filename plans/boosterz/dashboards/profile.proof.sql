SELECT :key AS user_id,
  (SELECT count(*) FROM cards WHERE owner_id = :key) AS cards,
  (SELECT count(*) FROM cards WHERE owner_id = :key AND is_owned) AS owned_cards,
  (SELECT coalesce(sum(trade_price), 0) FROM cards WHERE owner_id = :key AND is_for_trade) AS trade_value,
  (SELECT count(*) FROM follows WHERE following_id = :key) AS followers
