-- +goose Up
-- What a provider says later of a message that it took: whether it arrived.
alter table messages_out drop constraint messages_out_state_check;
alter table messages_out add constraint messages_out_state_check check (state in ('queued', 'sent', 'delivered', 'undelivered', 'failed'));
create index messages_out_provider on messages_out (provider_id) where provider_id <> '' and channel = 'sms';

-- A report names the provider's own id and no tenant: ids only.
grant select (tenant_id, id, channel, provider_id, created_at) on messages_out to conserje_lookup;
create policy lookup on messages_out for select to conserje_lookup using (true);
create function conserje_message_by_provider(given text) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$ select m.tenant_id, m.id from messages_out m
  where m.provider_id = given and m.provider_id <> '' and m.channel = 'sms' and m.created_at > now() - interval '7 days' limit 2 $$;
grant create on schema public to conserje_lookup;
alter function conserje_message_by_provider(text) owner to conserje_lookup;
revoke create on schema public from conserje_lookup;
revoke all on function conserje_message_by_provider(text) from public;
grant execute on function conserje_message_by_provider(text) to conserje_app;
