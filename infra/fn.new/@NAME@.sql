-- name: @NAME@_get
SELECT json_build_object('hello', $1::text);
