-- The application's role is neither superuser nor exempt from policies, owns
-- nothing, and belongs to no other role.
select r.rolname::text from pg_roles r
where r.rolname = any (array[@app, @lookup]) and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb)
union all
select r.rolname::text || ' can log in' from pg_roles r where r.rolname = @lookup and r.rolcanlogin
union all
select 'this connection is ' || current_user::text where current_user::text <> @app
  and not (select rolsuper from pg_roles where rolname = current_user)
union all
select c.oid::regclass::text || ' is owned by ' || @app::text from pg_class c
where c.relowner = (select oid from pg_roles where rolname = @app)
union all
select @app::text || ' is a member of ' || g.rolname::text
from pg_auth_members m join pg_roles g on g.oid = m.roleid
where m.member = (select oid from pg_roles where rolname = @app)
