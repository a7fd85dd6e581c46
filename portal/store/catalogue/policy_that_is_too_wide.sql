-- Only two policies exist: the tenant's own, in exactly these words, and
-- read-only ones for the look-up role. A third could only widen what is seen.
select p.tablename || '.' || p.policyname from pg_policies p
where p.schemaname = 'public' and not (
  (p.policyname = 'tenant' and p.permissive = 'PERMISSIVE' and p.cmd = 'ALL'
    and p.qual = '(tenant_id = (NULLIF(current_setting(''conserje.tenant''::text, true), ''''::text))::uuid)'
    and p.with_check = p.qual)
  or (p.policyname = 'lookup' and p.cmd = 'SELECT' and p.roles = array[@lookup::name]))
union all
select c.relname::text || ' has no tenant policy' from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all (@without_tenant)
  and not exists (select 1 from pg_policies p
    where p.schemaname = 'public' and p.tablename = c.relname and p.policyname = 'tenant')
