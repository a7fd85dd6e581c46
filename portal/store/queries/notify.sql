-- name: CreateMessage :exec
insert into messages_out (tenant_id, id, channel, template, user_id, recipient, language)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(channel), sqlc.arg(template), sqlc.narg(user_id), sqlc.arg(recipient), sqlc.arg(language));

-- name: PutSecret :exec
insert into secret_outbox (tenant_id, id, purpose, owner_id, sealed, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(purpose), sqlc.narg(owner_id), sqlc.arg(sealed),
        now() + make_interval(secs => sqlc.arg(life_seconds)::float));

-- name: SecretByID :one
select sealed from secret_outbox where id = sqlc.arg(id) and purpose = sqlc.arg(purpose) and expires_at > now();

-- name: DeleteSecret :execrows
delete from secret_outbox where id = sqlc.arg(id);

-- name: TakeMessage :one
-- The message that waits, counted as tried once more.
update messages_out set attempts = attempts + 1 where id = sqlc.arg(id) and state = 'queued'
returning channel, template, user_id, recipient, language, attempts;

-- name: EndMessage :exec
update messages_out set state = sqlc.arg(state), detail = sqlc.arg(detail), provider_id = sqlc.arg(provider_id),
  sent_at = case when sqlc.arg(state)::text = 'sent' then now() else sent_at end
where id = sqlc.arg(id);

-- name: MessageState :one
select state, detail from messages_out where id = sqlc.arg(id);

-- name: MessageByProvider :many
select m.tenant_id::uuid as tenant_id, m.id::uuid as id from conserje_message_by_provider(sqlc.arg(provider_id)) as m;

-- name: SetDelivery :execrows
-- What is said of a message that was sent, once.
update messages_out set state = sqlc.arg(state), detail = sqlc.arg(detail) where id = sqlc.arg(id) and state = 'sent';

-- name: ExpireMessages :many
-- Messages whose text is gone and that were never sent.
update messages_out m set state = 'failed', detail = 'expired'
where m.state = 'queued' and m.created_at < now() - interval '1 minute'
  and not exists (select 1 from secret_outbox s where s.tenant_id = m.tenant_id and s.id = m.id and s.expires_at > now())
returning m.id;

-- name: SweepSecrets :execrows
delete from secret_outbox where expires_at <= now();

-- name: PutDemoMessage :exec
insert into demo_outbox (tenant_id, id, channel, user_id, recipient, sealed)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(channel), sqlc.narg(user_id), sqlc.arg(recipient), sqlc.arg(sealed))
on conflict do nothing;

-- name: DemoMessages :many
select id, channel, recipient, sealed, created_at from demo_outbox
where sqlc.arg(everybody)::bool or user_id = sqlc.arg(user_id)
order by created_at desc, id desc limit 100;

-- name: SweepDemo :exec
delete from demo_outbox where created_at < now() - interval '7 days';

-- name: AdminAddresses :many
select id, email, language from users where role = 'admin' and disabled_at is null and email is not null order by id limit 20;
