-- Every table of ours has row-level security, forced, and a tenant column that
-- cannot be null.
select c.relname::text from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all (@without_tenant)
  and not (c.relrowsecurity and c.relforcerowsecurity and exists (
    select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull and not a.attisdropped))
