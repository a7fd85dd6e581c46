-- name: Policies :many
-- Which statuses users see (R19) stands with the statuses.
select name, value from policies
union all
select 'visible_statuses', coalesce(jsonb_agg(key order by position, key) filter (where visible), '[]') from ticket_statuses;

-- name: PoliciesFor :many
-- The same, with nobody but this person left in the lists of people: a switch
-- may name thousands, and is asked about at every request.
select name, (case when jsonb_typeof(value -> 'users') = 'array'
  then jsonb_set(value, '{users}', case when value -> 'users' @> to_jsonb(sqlc.arg(user_id)::text) then jsonb_build_array(sqlc.arg(user_id)::text) else '[]' end)
  else value end)::jsonb as value
from policies
union all
select 'visible_statuses', coalesce(jsonb_agg(key order by position, key) filter (where visible), '[]') from ticket_statuses;

-- name: SetPolicy :exec
insert into policies (tenant_id, name, value, updated_by)
values (sqlc.arg(tenant_id), sqlc.arg(name), sqlc.arg(value), sqlc.arg(updated_by))
on conflict (tenant_id, name) do update
set value = excluded.value, updated_at = now(), updated_by = excluded.updated_by;
