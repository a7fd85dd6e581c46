-- +goose Up
-- A ticket as people see it: with the names of those it concerns and the state
-- of its conversation. It obeys the policies of whoever asks.
create view ticket_rows with (security_invoker = true) as
select t.tenant_id, t.id, t.number, t.requester_id, t.company_id, t.conversation_id, t.session, t.origin,
       t.subject, t.description, t.status, t.priority, t.assignee_id, t.version, t.created_at, t.updated_at,
       r.name as requester_name, k.name as company_name, a.name as assignee_name,
       coalesce(c.handoff, 'none') as handoff
from tickets t
join users r on r.tenant_id = t.tenant_id and r.id = t.requester_id
left join companies k on k.tenant_id = t.tenant_id and k.id = t.company_id
left join users a on a.tenant_id = t.tenant_id and a.id = t.assignee_id
left join conversations c on c.tenant_id = t.tenant_id and c.id = t.conversation_id;
grant select on ticket_rows to conserje_app;

create index tickets_conversation on tickets (tenant_id, conversation_id);
create index tickets_updated on tickets (tenant_id, updated_at desc, id desc);

-- A turn that waits behind a living one is not due: otherwise a few long
-- answers would fill the list and hide the turns that nobody cares for.
create index turns_conversation_open on turns (tenant_id, conversation_id, message_seq) where state <> 'ended';
grant select (conversation_id, message_seq) on turns to conserje_lookup;
create or replace function conserje_due_turns(at_most integer) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.id from turns t
  where (t.state = 'running' and t.lease_until < clock_timestamp())
     or (t.state = 'waiting' and t.created_at < clock_timestamp() - interval '3 seconds'
         and not exists (select 1 from turns b where b.tenant_id = t.tenant_id and b.conversation_id = t.conversation_id
                         and b.state <> 'ended' and b.message_seq < t.message_seq))
  order by t.created_at limit at_most
$$;
