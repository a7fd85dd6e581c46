-- Views obey the caller's policies; functions with their owner's rights are
-- the listed ones, owned by the look-up role, with a fixed search path.
select c.oid::regclass::text from pg_class c
where c.relnamespace = 'public'::regnamespace and (c.relkind = 'm' or (c.relkind = 'v'
  and coalesce(not ('security_invoker=true' = any (c.reloptions) or 'security_invoker=on' = any (c.reloptions)), true)))
union all
select p.oid::regprocedure::text from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.prosecdef and not (
  p.proname = any (@definers)
  and p.proowner = (select oid from pg_roles where rolname = @lookup)
  and exists (select 1 from unnest(p.proconfig) s where s like 'search_path=%'))
