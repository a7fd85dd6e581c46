-- name: CreateMessage :exec
insert into messages_out (tenant_id, id, channel, template, user_id, recipient, language, sealed, params, ticket_id, reply_id, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(channel), sqlc.arg(template), sqlc.narg(user_id), sqlc.arg(recipient), sqlc.arg(language),
        sqlc.arg(sealed), sqlc.arg(params), sqlc.narg(ticket_id), sqlc.narg(reply_id), now() + make_interval(secs => sqlc.arg(life_seconds)::float));

-- name: PutSecret :exec
insert into secret_outbox (tenant_id, id, purpose, owner_id, sealed, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(purpose), sqlc.narg(owner_id), sqlc.arg(sealed),
        now() + make_interval(secs => sqlc.arg(life_seconds)::float));

-- name: SecretByID :one
select sealed from secret_outbox where id = sqlc.arg(id) and purpose = sqlc.arg(purpose) and expires_at > now();

-- name: DeleteSecret :execrows
delete from secret_outbox where id = sqlc.arg(id);

-- name: TakeMessage :one
-- The message that waits, counted as tried once more. Whoever took it before
-- and said nothing for so long is gone.
update messages_out set attempts = attempts + 1, taken_at = now(), next_try_at = null
where id = sqlc.arg(id) and state = 'queued' and (taken_at is null or taken_at < now() - interval '45 seconds')
returning channel, template, user_id, recipient, language, attempts, sealed, params, ticket_id, reply_id, expires_at;

-- name: RetryMessage :exec
-- Refused for now.
update messages_out set taken_at = null, detail = sqlc.arg(detail), next_try_at = sqlc.arg(next_try_at)
where id = sqlc.arg(id) and state = 'queued';

-- name: EndMessage :exec
update messages_out set state = sqlc.arg(state), detail = sqlc.arg(detail), provider_id = sqlc.arg(provider_id), taken_at = null, next_try_at = null,
  sent_at = case when sqlc.arg(state)::text = 'sent' then now() else sent_at end
where id = sqlc.arg(id);

-- name: Deliveries :many
-- What was sent, newest first, after the cursor; never the words.
select m.id, m.channel, m.template, m.user_id, u.name as user_name, m.recipient, m.state, m.detail, m.attempts, m.created_at, m.sent_at,
  m.next_try_at, m.sealed, m.ticket_id, t.number as ticket_number
from messages_out m
left join users u on u.tenant_id = m.tenant_id and u.id = m.user_id
left join tickets t on t.tenant_id = m.tenant_id and t.id = m.ticket_id
where (sqlc.narg(before)::uuid is null or m.id < sqlc.narg(before)::uuid)
  and (sqlc.narg(one)::uuid is null or m.id = sqlc.narg(one)::uuid)
  and (sqlc.narg(user_id)::uuid is null or m.user_id = sqlc.narg(user_id)::uuid)
  and (sqlc.arg(channel)::text = '' or m.channel = sqlc.arg(channel)::text)
  and (sqlc.arg(state)::text = '' or m.state = sqlc.arg(state)::text)
  and (not sqlc.arg(retrying)::bool or m.next_try_at is not null)
order by m.id desc limit sqlc.arg(page);

-- name: TryAgain :one
-- A message that nobody took, or that waits for its next try; not one whose
-- words are gone.
update messages_out set state = 'queued', attempts = 0, detail = '', next_try_at = null, taken_at = null,
  expires_at = case when sealed then expires_at else greatest(expires_at, now() + interval '1 day') end
where id = sqlc.arg(id) and (state in ('failed', 'undelivered') and not sealed or state = 'queued' and next_try_at is not null)
returning channel;

-- name: OwnTemplates :many
select name, language from message_templates order by name, language;

-- name: OwnTemplate :one
select subject, text, version, updated_at from message_templates where name = sqlc.arg(name) and language = sqlc.arg(language);

-- name: PutTemplate :exec
insert into message_templates (tenant_id, name, language, subject, text, version, updated_by)
values (sqlc.arg(tenant_id), sqlc.arg(name), sqlc.arg(language), sqlc.arg(subject), sqlc.arg(text),
        (extract(epoch from clock_timestamp()) * 1000)::bigint, sqlc.narg(updated_by))
on conflict (tenant_id, name, language) do update set subject = excluded.subject, text = excluded.text,
  version = greatest(message_templates.version + 1, excluded.version), updated_at = now(), updated_by = excluded.updated_by;

-- name: DropTemplate :exec
delete from message_templates where name = sqlc.arg(name) and language = sqlc.arg(language);

-- name: MailsAboutTicket :one
-- How many mails one person was sent about one ticket in the last hour.
select count(*) from messages_out where ticket_id = sqlc.arg(ticket_id) and user_id = sqlc.arg(user_id) and created_at > now() - interval '1 hour';

-- name: MailsToPerson :one
-- How many mails of some kinds, without somebody's reply, one person was sent in the last hour.
select count(*) from messages_out
where user_id = sqlc.arg(user_id) and template = any (sqlc.arg(templates)::text[]) and reply_id is null and created_at > now() - interval '1 hour';

-- name: MessageState :one
select state, detail from messages_out where id = sqlc.arg(id);

-- name: MessageByProvider :many
select m.tenant_id::uuid as tenant_id, m.id::uuid as id from conserje_message_by_provider(sqlc.arg(provider_id)) as m;

-- name: SetDelivery :execrows
-- What is said of a message that was sent, once.
update messages_out set state = sqlc.arg(state), detail = sqlc.arg(detail) where id = sqlc.arg(id) and state = 'sent';

-- name: ExpireMessages :many
-- Messages whose life, or whose sealed text, is over and that were never sent.
update messages_out m set state = 'failed', detail = 'expired', next_try_at = null
where m.state = 'queued' and m.created_at < now() - interval '1 minute'
  and case when m.sealed then not exists (select 1 from secret_outbox s where s.tenant_id = m.tenant_id and s.id = m.id and s.expires_at > now())
      else m.expires_at <= now() end
returning m.id;

-- name: SweepMessages :execrows
-- What was sent long enough ago: to whom, and what its words were made of.
delete from messages_out where id in (
  select m.id from messages_out m
  where m.created_at < now() - make_interval(secs => sqlc.arg(age_seconds)::float) and m.state <> 'queued'
  order by m.created_at limit sqlc.arg(at_most));

-- name: SweepSecrets :execrows
delete from secret_outbox where expires_at <= now();

-- name: PutDemoMessage :exec
insert into demo_outbox (tenant_id, id, channel, user_id, recipient, sealed)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(channel), sqlc.narg(user_id), sqlc.arg(recipient), sqlc.arg(sealed))
on conflict do nothing;

-- name: DemoMessages :many
-- Codes and one-time links are for their own person only, whoever else looks.
select o.id, o.channel, o.recipient, o.sealed, o.created_at, coalesce(m.template, '')::text as template, (o.user_id = sqlc.arg(user_id) is true)::bool as own
from demo_outbox o left join messages_out m on m.tenant_id = o.tenant_id and m.id = o.id
where sqlc.arg(everybody)::bool or o.user_id = sqlc.arg(user_id)
order by o.created_at desc, o.id desc limit 100;

-- name: SweepDemo :exec
delete from demo_outbox where created_at < now() - interval '7 days';

-- name: AdminAddresses :many
select id, email, language from users where role = 'admin' and disabled_at is null and email is not null order by id limit 20;

-- name: ReplyByID :one
-- For a mail that tells of it.
select r.ticket_id, r.text, r.internal, u.name as author_name
from ticket_replies r join users u on u.tenant_id = r.tenant_id and u.id = r.author_id
where r.id = sqlc.arg(id);
