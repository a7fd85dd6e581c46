-- Foreign keys ignore the policies, so each must carry the tenant itself:
-- otherwise a row could point at another tenant's, and the error would tell
-- that it exists.
select k.conrelid::regclass::text || '.' || k.conname::text from pg_constraint k
where k.contype = 'f' and k.connamespace = 'public'::regnamespace and not exists (
  select 1 from unnest(k.conkey, k.confkey) as pair(here, there)
  join pg_attribute h on h.attrelid = k.conrelid and h.attnum = pair.here and h.attname = 'tenant_id'
  join pg_attribute t on t.attrelid = k.confrelid and t.attnum = pair.there and t.attname = 'tenant_id')
