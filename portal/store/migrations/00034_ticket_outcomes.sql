-- +goose Up
-- How a ticket came to its end: the user said so, the device showed it, staff
-- assume it, or nothing was solved. Only the user's own word makes the first.
alter table tickets add column resolution text check (resolution in ('confirmed', 'verified', 'assumed', 'not_resolved'));
-- Since when the user is asked whether it is fixed.
alter table tickets add column fix_asked_at timestamptz;

create or replace view ticket_rows with (security_invoker = true) as
select t.tenant_id, t.id, t.number, t.requester_id, t.company_id, t.conversation_id, t.session, t.origin,
       t.subject, t.description, t.status, t.priority, t.assignee_id, t.version, t.created_at, t.updated_at,
       r.name as requester_name, k.name as company_name, a.name as assignee_name,
       coalesce(c.handoff, 'none') as handoff, s.kind as status_kind, s.names as status_names,
       t.resolution, t.fix_asked_at
from tickets t
join users r on r.tenant_id = t.tenant_id and r.id = t.requester_id
join ticket_statuses s on s.tenant_id = t.tenant_id and s.key = t.status
left join companies k on k.tenant_id = t.tenant_id and k.id = t.company_id
left join users a on a.tenant_id = t.tenant_id and a.id = t.assignee_id
left join conversations c on c.tenant_id = t.tenant_id and c.id = t.conversation_id;

-- What happened to one ticket, for its line of time and for whoever changes it
-- after somebody else did.
create index audit_object on audit (tenant_id, object_id, at) where object_id is not null;
