-- +goose Up
-- Where a ticket may stand. Five statuses are built in, one of each kind and
-- named like it; they stay, because the house itself sets them. Admins rename
-- them and add others of a kind.
create table ticket_statuses (
  tenant_id uuid not null references tenants on delete cascade,
  key       text not null check (key ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  kind      text not null check (kind in ('new', 'open', 'pending', 'resolved', 'closed')),
  names     jsonb not null default '{}', -- by language; a built-in one without is called by its kind
  color     text not null,
  position  integer not null,
  visible   boolean not null default true, -- R19: whether users see tickets that stand here
  primary key (tenant_id, key),
  check (jsonb_typeof(names) = 'object')
);

-- Whoever migrates owns the tables, and under the forced policies sees no row.
alter table tenants no force row level security;
alter table policies no force row level security;
alter table tickets no force row level security;

insert into ticket_statuses (tenant_id, key, kind, color, position)
select t.tenant_id, b.key, b.key, b.color, b.position from tenants t,
  (values ('new', 'blue', 1), ('open', 'green', 2), ('pending', 'yellow', 3), ('resolved', 'grey', 4), ('closed', 'grey', 5)) as b (key, color, position);
update ticket_statuses s set visible = p.value ? s.key from policies p where p.tenant_id = s.tenant_id and p.name = 'visible_statuses';
delete from policies where name = 'visible_statuses';
select conserje_protect('ticket_statuses');

alter table tickets drop constraint tickets_status_check;
alter table tickets add foreign key (tenant_id, status) references ticket_statuses;

alter table tenants force row level security;
alter table policies force row level security;
alter table tickets force row level security;

-- A new portal has the built-in ones from its first moment.
-- +goose StatementBegin
create function ticket_statuses_begin() returns trigger language plpgsql as $$
begin
  insert into ticket_statuses (tenant_id, key, kind, color, position)
  select new.tenant_id, b.key, b.key, b.color, b.position from
    (values ('new', 'blue', 1), ('open', 'green', 2), ('pending', 'yellow', 3), ('resolved', 'grey', 4), ('closed', 'grey', 5)) as b (key, color, position);
  return null;
end $$;
-- +goose StatementEnd
create trigger ticket_statuses after insert on tenants for each row execute function ticket_statuses_begin();

create or replace view ticket_rows with (security_invoker = true) as
select t.tenant_id, t.id, t.number, t.requester_id, t.company_id, t.conversation_id, t.session, t.origin,
       t.subject, t.description, t.status, t.priority, t.assignee_id, t.version, t.created_at, t.updated_at,
       r.name as requester_name, k.name as company_name, a.name as assignee_name,
       coalesce(c.handoff, 'none') as handoff, s.kind as status_kind, s.names as status_names
from tickets t
join users r on r.tenant_id = t.tenant_id and r.id = t.requester_id
join ticket_statuses s on s.tenant_id = t.tenant_id and s.key = t.status
left join companies k on k.tenant_id = t.tenant_id and k.id = t.company_id
left join users a on a.tenant_id = t.tenant_id and a.id = t.assignee_id
left join conversations c on c.tenant_id = t.tenant_id and c.id = t.conversation_id;
