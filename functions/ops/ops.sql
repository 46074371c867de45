-- name: ready
SELECT 1;

-- name: service_name
-- Who asks; no row if it is gone meanwhile.
SELECT name
  FROM auth.service
 WHERE id = $1;
