-- +goose Up
-- A ticket that was merged into another: it is closed and points there. Nothing
-- is copied; its own record stays as it was. What it was before is kept, so that
-- a merge can be taken back.
alter table tickets
  add column merged_into uuid,
  add column merged_at timestamptz,
  add column merged_by uuid,
  add column merged_status text, -- no reference: it may be gone by then
  add column merged_resolution text,
  add foreign key (tenant_id, merged_into) references tickets,
  add foreign key (tenant_id, merged_by) references users,
  add check (merged_into <> id),
  add check (num_nonnulls(merged_into, merged_at, merged_status) in (0, 3));
create index tickets_merged on tickets (tenant_id, merged_into) where merged_into is not null;

create or replace view ticket_rows with (security_invoker = true) as
select t.tenant_id, t.id, t.number, t.requester_id, t.company_id, t.conversation_id, t.session, t.origin,
       t.subject, t.description, t.status, t.priority, t.assignee_id, t.version, t.created_at, t.updated_at,
       r.name as requester_name, k.name as company_name, a.name as assignee_name,
       coalesce(c.handoff, 'none') as handoff, s.kind as status_kind, s.names as status_names,
       t.resolution, t.fix_asked_at, t.merged_into, t.merged_at, m.number as merged_number
from tickets t
join users r on r.tenant_id = t.tenant_id and r.id = t.requester_id
join ticket_statuses s on s.tenant_id = t.tenant_id and s.key = t.status
left join companies k on k.tenant_id = t.tenant_id and k.id = t.company_id
left join users a on a.tenant_id = t.tenant_id and a.id = t.assignee_id
left join conversations c on c.tenant_id = t.tenant_id and c.id = t.conversation_id
left join tickets m on m.tenant_id = t.tenant_id and m.id = t.merged_into;
