-- The guide's first query ("Average query time"), as it works from PostgreSQL 13 on: the columns are
-- called total_exec_time, mean_exec_time and max_exec_time since then. `loadgate db top` asks the
-- same, knows the columns of each version, and shows only what happened since it was last asked.
SELECT
  query,
  calls,
  total_exec_time,
  mean_exec_time,
  max_exec_time
FROM pg_stat_statements
WHERE query LIKE '%Farm%' OR query LIKE '%Product%'
ORDER BY mean_exec_time DESC
LIMIT 20;
