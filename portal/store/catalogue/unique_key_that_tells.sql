-- A unique key without the tenant tells one tenant what another has. Addresses
-- are the exception: they are public, and only the operator sets them.
select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'public'::regnamespace and i.indisunique and c.relname <> all (@without_tenant)
  and i.indexrelid::regclass::text not in ('tenants_slug_key', 'tenant_hosts_host_key')
  and not exists (select 1 from pg_attribute a
    where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnum = any (i.indkey::smallint[]))
