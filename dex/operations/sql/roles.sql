-- The roles of dex and what they may do in the current database (architecture.md 5).
-- Run by the cluster's bootstrap role in the database of dex: by `manage.py up`, or with an
-- external server once by its DBA. Safe to run again.

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

-- The application: owns what its migrations make, nothing above it.
ALTER ROLE dex NOCREATEDB NOCREATEROLE NOINHERIT;
-- The owner of the schema `audit`, and the reader that queries step into: nobody logs in as them.
ALTER ROLE dex_audit NOLOGIN NOCREATEDB NOCREATEROLE;
ALTER ROLE dex_reader NOLOGIN NOCREATEDB NOCREATEROLE;

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
