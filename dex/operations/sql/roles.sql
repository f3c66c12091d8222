-- The roles of dex and what they may do in the current database (architecture.md 5).
-- Run by the cluster's bootstrap role in the database of dex: by `manage.py up`, or with an
-- external server once by its DBA: the database's owner with CREATEROLE. Safe to run again.

-- Whoever runs this has more rights than dex, which may put functions and operators into `public`.
SET search_path = pg_catalog, pg_temp;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dex') THEN
        CREATE ROLE dex LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dex_audit') THEN
        CREATE ROLE dex_audit NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dex_reader') THEN
        CREATE ROLE dex_reader NOLOGIN;
    END IF;
END
$$;

-- The application owns what its migrations make, nothing above it. Nobody logs in as the owner of
-- the schema `audit`, or as the reader that queries step into. What a role has not, it is not
-- asked to lose: only a superuser may so much as mention some of these.
DO $$
DECLARE
    excess record;
BEGIN
    FOR excess IN
        SELECT role.rolname AS name, attribute.lost
        FROM pg_roles AS role
        CROSS JOIN LATERAL (VALUES
            ('NOSUPERUSER', role.rolsuper),
            ('NOREPLICATION', role.rolreplication),
            ('NOBYPASSRLS', role.rolbypassrls),
            ('NOCREATEROLE', role.rolcreaterole),
            ('NOCREATEDB', role.rolcreatedb),
            ('NOINHERIT', role.rolinherit AND role.rolname = 'dex'),
            ('NOLOGIN', role.rolcanlogin AND role.rolname <> 'dex')
        ) AS attribute (lost, is_held)
        WHERE role.rolname IN ('dex', 'dex_audit', 'dex_reader') AND attribute.is_held
    LOOP
        EXECUTE format('ALTER ROLE %I %s', excess.name, excess.lost);
    END LOOP;
    IF NOT pg_has_role(current_user, 'dex_audit', 'SET') THEN  -- a DBA who is no superuser
        EXECUTE format('GRANT dex_audit TO %I', current_user);
    END IF;
END
$$;

-- dex steps into the reader (SET LOCAL ROLE dex_reader) and has none of its rights by itself.
GRANT dex_reader TO dex WITH INHERIT FALSE, SET TRUE;

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY, CREATE ON DATABASE %I TO dex', current_database());
END
$$;

-- From PostgreSQL 15 on nobody but the database's owner may make tables in `public`.
GRANT USAGE, CREATE ON SCHEMA public TO dex;
GRANT USAGE ON SCHEMA public TO dex_reader;
