-- The guide's second query ("Connection pool usage"). Beside count(*) a column has to be grouped by,
-- or be one value. It also leaves out what superusers keep for themselves, so that the share is one
-- of what an application can get; `loadgate db pool` and the monitor of the scenario count the same.
SELECT
  count(*) FILTER (WHERE state = 'active') AS active_connections,
  count(*) AS connections,
  current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int AS max_connections
FROM pg_stat_activity
WHERE backend_type = 'client backend';
