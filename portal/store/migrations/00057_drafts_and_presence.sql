-- +goose Up
-- What somebody has begun to write into a ticket and not sent: it survives a
-- reload and goes on at another device. Only its author reads it.
create table ticket_drafts (
  tenant_id  uuid not null,
  user_id    uuid not null,
  ticket_id  uuid not null,
  kind       text not null check (kind in ('reply', 'note')),
  text       text not null check (text <> ''),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, user_id, ticket_id, kind),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, ticket_id) references tickets on delete cascade
);
create index ticket_drafts_ticket on ticket_drafts (tenant_id, ticket_id);
select conserje_protect('ticket_drafts');

-- Which staff have a ticket in front of them; it counts for some seconds.
create table ticket_presence (
  tenant_id uuid not null,
  ticket_id uuid not null,
  user_id   uuid not null,
  state     text not null check (state in ('looking', 'reply', 'note')),
  at        timestamptz not null,
  primary key (tenant_id, ticket_id, user_id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, ticket_id) references tickets on delete cascade
);
select conserje_protect('ticket_presence');
