GRANT SELECT (id, name) ON auth.service TO kith_ops;
