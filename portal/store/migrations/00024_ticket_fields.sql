-- +goose Up
-- The fields of a ticket: those that every portal has (R21), known by their
-- key, and those that admins add (R22). mode is what users may do with a field
-- in the portal; staff may always do everything. Five of the built-in ones are
-- columns of the ticket; the others are choices like any other.
create table ticket_fields (
  tenant_id   uuid not null references tenants on delete cascade,
  id          uuid not null,
  key         text,
  kind        text not null check (kind in ('column', 'text', 'long_text', 'number', 'date', 'yes_no', 'choice', 'choices')),
  names       jsonb not null default '{}' check (jsonb_typeof(names) = 'object'), -- by language
  mode        text not null check (mode in ('edit', 'read_only', 'hidden')),
  required    boolean not null default false, -- of who opens a ticket by a form
  position    integer not null,
  archived_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, key),
  unique (tenant_id, id, kind),
  check (key is not null or mode <> 'read_only'),
  check (kind <> 'column' or key is not null)
);

create table ticket_field_options (
  tenant_id   uuid not null,
  id          uuid not null,
  field_id    uuid not null,
  names       jsonb not null check (jsonb_typeof(names) = 'object'),
  position    integer not null,
  archived_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, field_id, id),
  foreign key (tenant_id, field_id) references ticket_fields on delete cascade
);
create index ticket_field_options_field on ticket_field_options (tenant_id, field_id, position);

-- What tickets have in their fields: one row a value, several for several
-- choices. kind follows the field, so that a value is never of another type.
create table ticket_values (
  tenant_id uuid not null,
  ticket_id uuid not null,
  field_id  uuid not null,
  position  integer not null default 0,
  kind      text not null,
  text      text,
  number    double precision,
  date      date,
  yes       boolean,
  option_id uuid,
  primary key (tenant_id, ticket_id, field_id, position),
  foreign key (tenant_id, ticket_id) references tickets on delete cascade,
  foreign key (tenant_id, field_id, kind) references ticket_fields (tenant_id, id, kind),
  foreign key (tenant_id, field_id, option_id) references ticket_field_options (tenant_id, field_id, id),
  check (num_nonnulls(text, number, date, yes, option_id) = 1),
  check (case kind when 'text' then text when 'long_text' then text when 'number' then number::text when 'date' then date::text
    when 'yes_no' then yes::text when 'choice' then option_id::text when 'choices' then option_id::text end is not null),
  check (kind = 'choices' or position = 0)
);
create index ticket_values_option on ticket_values (tenant_id, option_id) where option_id is not null;
create index ticket_values_field on ticket_values (tenant_id, field_id);

-- A new portal has the built-in fields from its first moment, with lists to
-- begin from; existing portals get the same now.
-- +goose StatementBegin
create function ticket_fields_fill(tenant uuid) returns void language plpgsql as $$
begin
  insert into ticket_fields (tenant_id, id, key, kind, mode, position)
  select tenant, gen_random_uuid(), b.key, b.kind, b.mode, b.position from (values
    ('subject', 'column', 'edit', 1), ('description', 'column', 'edit', 2), ('status', 'column', 'edit', 3),
    ('priority', 'column', 'read_only', 4), ('assignee', 'column', 'read_only', 5),
    ('type', 'choice', 'hidden', 6), ('impact', 'choice', 'hidden', 7), ('product_family', 'choice', 'hidden', 8)) as b (key, kind, mode, position);
  insert into ticket_field_options (tenant_id, id, field_id, names, position)
  select tenant, gen_random_uuid(), f.id, o.names::jsonb, o.position from (values
    ('type', 1, '{"en":"Incident","es":"Incidencia","de":"Störung","fr":"Incident","it":"Guasto"}'),
    ('type', 2, '{"en":"Request","es":"Petición","de":"Anfrage","fr":"Demande","it":"Richiesta"}'),
    ('type', 3, '{"en":"Question","es":"Pregunta","de":"Frage","fr":"Question","it":"Domanda"}'),
    ('impact', 1, '{"en":"One person","es":"Una persona","de":"Eine Person","fr":"Une personne","it":"Una persona"}'),
    ('impact', 2, '{"en":"A team","es":"Un equipo","de":"Ein Team","fr":"Une équipe","it":"Un gruppo"}'),
    ('impact', 3, '{"en":"The whole company","es":"Toda la empresa","de":"Das ganze Unternehmen","fr":"Toute l’entreprise","it":"Tutta l’azienda"}')) as o (key, position, names)
  join ticket_fields f on f.tenant_id = tenant and f.key = o.key;
end $$;
create function ticket_fields_begin() returns trigger language plpgsql as $$
begin
  perform ticket_fields_fill(new.tenant_id);
  return null;
end $$;
-- +goose StatementEnd

-- Whoever migrates owns the tables, and under the forced policies sees no row.
alter table tenants no force row level security;
select ticket_fields_fill(tenant_id) from tenants;
alter table tenants force row level security;
create trigger ticket_fields after insert on tenants for each row execute function ticket_fields_begin();

select conserje_protect('ticket_fields');
select conserje_protect('ticket_field_options');
select conserje_protect('ticket_values');
