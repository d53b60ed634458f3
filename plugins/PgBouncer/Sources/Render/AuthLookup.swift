import PluginAPI

/// The function that PgBouncer asks who may log in: the one thing of pg_authid that its role may see.
struct AuthLookup {
  let wanted: PgbouncerRender.Parameters

  private var function: QualifiedName { wanted.auth.function ?? QualifiedName("pgbouncer", "user_lookup") }
  private var role: Identifier { wanted.auth.user }

  /// With every name in full: the client chooses the search_path that it runs under.
  var query: String { "SELECT name, secret FROM \(function.quoted)($1)" }

  /// To be run in every pooled database by a superuser, who owns the function then.
  var script: String {
    let name = function.quoted, schema = Quoting.identifier(function.schema), role = Quoting.identifier(role.name)
    return """
      -- PgBouncer asks this function for a user's SCRAM verifier; it never sees a password. Run it as a superuser in
      -- every database that is pooled (\(wanted.databases.keys.joined(separator: ", "))): PgBouncer asks in the database that
      -- the client wants.
      --
      -- SECURITY DEFINER: it reads pg_authid with the rights of its owner, the superuser who runs this.
      -- SET search_path: whoever calls it cannot put functions or operators of their own in its way.
      -- REVOKE ... FROM PUBLIC: PostgreSQL lets everybody run a new function, and this one tells verifiers.
      -- Neither superusers nor replication come through the pool, nor passwords that are no longer valid.
      BEGIN;
      CREATE SCHEMA IF NOT EXISTS \(schema);
      REVOKE ALL ON SCHEMA \(schema) FROM PUBLIC;
      GRANT USAGE ON SCHEMA \(schema) TO \(role);
      CREATE OR REPLACE FUNCTION \(name)(user_name text, OUT name text, OUT secret text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $lookup$
          SELECT a.rolname::text, a.rolpassword
          FROM pg_catalog.pg_authid AS a
          WHERE a.rolname = user_name AND a.rolcanlogin AND NOT a.rolsuper AND NOT a.rolreplication
            AND (a.rolvaliduntil IS NULL OR a.rolvaliduntil > pg_catalog.now())
        $lookup$;
      REVOKE ALL ON FUNCTION \(name)(text) FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION \(name)(text) TO \(role);
      COMMIT;

      """
  }
}
