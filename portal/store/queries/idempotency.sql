-- name: BeginIdempotent :execrows
-- Claims the key; a claim that was never finished is free again after a minute.
insert into idempotency_keys as k (tenant_id, user_id, key, request, status, response)
values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(key), sqlc.arg(request), 0, '')
on conflict (tenant_id, user_id, key) do update set created_at = now()
where k.status = 0 and k.created_at < now() - interval '1 minute' and k.request = excluded.request;

-- name: IdempotentAnswer :one
select request, status, response from idempotency_keys
where user_id = sqlc.arg(user_id) and key = sqlc.arg(key);

-- name: FinishIdempotent :exec
update idempotency_keys set status = sqlc.arg(status), response = sqlc.arg(response)
where user_id = sqlc.arg(user_id) and key = sqlc.arg(key);

-- name: ForgetIdempotent :exec
delete from idempotency_keys where user_id = sqlc.arg(user_id) and key = sqlc.arg(key);

-- name: SweepIdempotent :execrows
-- Nobody asks again for an answer that was lost two days ago.
delete from idempotency_keys where created_at < now() - interval '2 days';
