-- name: HitLimit :one
-- Counts one hit in the key's window; a window that is over starts anew.
insert into limits as l (tenant_id, key, window_start, hits)
values (sqlc.arg(tenant_id), sqlc.arg(key), now(), 1)
on conflict (tenant_id, key) do update set
  hits = case when l.window_start < now() - make_interval(secs => sqlc.arg(window_seconds)::float) then 1 else l.hits + 1 end,
  window_start = case when l.window_start < now() - make_interval(secs => sqlc.arg(window_seconds)::float) then now() else l.window_start end
returning hits, greatest(1, ceil(extract(epoch from window_start + make_interval(secs => sqlc.arg(window_seconds)::float) - now())))::int as retry_after_seconds;

-- name: FullUntil :one
-- When there is room again in the key's window; no row while there is room.
select (window_start + make_interval(secs => sqlc.arg(window_seconds)::float))::timestamptz from limits
where key = sqlc.arg(key) and hits >= sqlc.arg(at_most)::bigint and window_start >= now() - make_interval(secs => sqlc.arg(window_seconds)::float);

-- name: ClearLimit :exec
delete from limits where key = sqlc.arg(key);

-- name: RefundLimit :exec
-- Takes one hit back: the attempt was a right one.
update limits set hits = greatest(hits - 1, 0) where key = sqlc.arg(key);

-- name: SpendLimit :execrows
-- Counts so many at once, unless that would be more than at_most in the window;
-- a negative number gives some back.
insert into limits as l (tenant_id, key, window_start, hits)
select sqlc.arg(tenant_id), sqlc.arg(key), now(), greatest(sqlc.arg(hits)::int, 0) where sqlc.arg(hits)::int <= sqlc.arg(at_most)::int
on conflict (tenant_id, key) do update set
  hits = case when l.window_start < now() - make_interval(secs => sqlc.arg(window_seconds)::float) then 0 else l.hits end + sqlc.arg(hits)::int,
  window_start = case when l.window_start < now() - make_interval(secs => sqlc.arg(window_seconds)::float) then now() else l.window_start end
where case when l.window_start < now() - make_interval(secs => sqlc.arg(window_seconds)::float) then 0 else l.hits end + sqlc.arg(hits)::int
  between 0 and sqlc.arg(at_most)::int;

-- name: SweepLimits :execrows
-- No window is longer than a day.
delete from limits where window_start < now() - interval '2 days';
