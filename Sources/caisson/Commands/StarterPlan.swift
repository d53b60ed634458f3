/// The files of `caisson init`: a plan that runs in the sandbox as it is, and says what else there is.
struct StarterPlan {
  var name: String

  var files: [(name: String, text: String)] {
    [("plan.yaml", plan), ("staging.yaml", staging), ("production.yaml", production)]
  }

  private var plan: String {
    """
    # What is to be done, the same in every environment.
    #   caisson plan staging.yaml --sql    shows what it would do, statement by statement
    #   caisson apply staging.yaml         does it; the same command goes on after a crash
    #   caisson rollback staging.yaml      takes it back
    caisson: 1
    plan: \(name)
    description: A table, and an index built without blocking anybody

    variables:
      table: public.first_steps

    # Policy for every step; a step may set its own.
    defaults:
      max_stall: 500ms                            # the longest anyone else may wait for us
      retry: { attempts: 30, backoff: 200ms..30s }

    # The order is for reading: `needs` says what waits for what. `caisson plugins` lists what `uses` can name.
    steps:
      table:
        uses: sql.run
        with:
          up: CREATE TABLE ${table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, made_at timestamptz NOT NULL)
          down: DROP TABLE ${table}

      index:
        uses: index.create
        needs: [table]
        with:
          table: ${table}
          columns: [made_at]

    """
  }

  private var staging: String {
    """
    # The environment to run first. This file is what commands are given.
    environment: staging
    plan: plan.yaml

    # A private PostgreSQL on this machine, to begin with. Later a connection string, as libpq takes it; secrets stay
    # references, `${env:NAME}` or `${file:path}`, and are never stored or printed.
    # `caisson sandbox psql -d staging` looks into it.
    target: sandbox
    # target: ${env:STAGING_URL}

    # role: owner_of_the_tables        # SET ROLE in every transaction
    # variables: { table: public.other }
    # steps:                           # what is different here, by step
    #   index: { skip: not on staging }

    """
  }

  private var production: String {
    """
    environment: production
    plan: plan.yaml

    target: ${env:PRODUCTION_URL}
    # session_target: ${env:PRODUCTION_DIRECT_URL}    # where the target goes through a pooler

    # role: owner_of_the_tables
    # steps:
    #   index: { throttle: { replica_lag: 2s } }
    # accept_irreversible: [ ]         # steps that cannot be taken back and may run here

    """
  }
}
