@testable import MaterializedView
import JSONText
import PluginAPI
import TestSupport
import Testing

let registry = StepRegistry([MaterializedViewPlugin.self])

/// A plan of one step or several: id, kind, parameters.
func harness(_ steps: [(String, String, JSON)], policy: [(String, JSON)] = []) throws -> EngineHarness {
  let text = steps.map { id, kind, with in
    "  \(id): \(JSON.object(JSONObject([("uses", .string(kind))] + policy + [("with", with)])).text)"
  }
  return try EngineHarness(text.joined(separator: "\n"), registry: registry)
}

/// `matview.create` of one view.
func creating(_ with: JSON, policy: [(String, JSON)] = []) throws -> EngineHarness {
  try harness([("s", "matview.create", with)], policy: policy)
}

func value(_ query: SQL) async throws -> String? { try await TestDatabase.current.sql(query).value }

/// What a compilation said, by code.
func said(_ program: Program) -> [String] { program.findings.map(\.code) }
func refused(_ program: Program) -> [String] { program.refusals.map(\.code) }

/// Vehicles, where they are assigned and when they were repaired: two many-sides of one table.
enum Fleet {
  static let tables = """
    CREATE TABLE organizations (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE vehicles (id int PRIMARY KEY, organization_id int NOT NULL REFERENCES organizations, status text NOT NULL,
      mileage numeric NOT NULL);
    CREATE TABLE assignments (id int PRIMARY KEY, vehicle_id int NOT NULL REFERENCES vehicles, hours numeric NOT NULL);
    CREATE TABLE repairs (id int PRIMARY KEY, vehicle_id int NOT NULL REFERENCES vehicles, cost numeric, at timestamptz NOT NULL);
    INSERT INTO organizations SELECT g, 'org ' || g FROM generate_series(1, 5) g;
    INSERT INTO vehicles SELECT g, g % 5 + 1, (ARRAY['active', 'parked'])[g % 2 + 1], g * 10 FROM generate_series(1, 100) g;
    INSERT INTO assignments SELECT g, g % 100 + 1, g FROM generate_series(1, 300) g;
    INSERT INTO repairs SELECT g, g % 100 + 1, g, '2026-01-01 00:00+00'::timestamptz + g * interval '1 hour' FROM generate_series(1, 700) g;
    ANALYZE;
    """
  static let naive = """
    SELECT o.id AS organization_id, count(v.id) AS total, sum(r.cost) AS cost, count(a.id) AS assigned
    FROM organizations o LEFT JOIN vehicles v ON v.organization_id = o.id
    LEFT JOIN assignments a ON a.vehicle_id = v.id LEFT JOIN repairs r ON r.vehicle_id = v.id GROUP BY o.id
    """
  static let right = """
    SELECT o.id AS organization_id, coalesce(v.total, 0) AS total, coalesce(r.cost, 0) AS cost
    FROM organizations o
    LEFT JOIN (SELECT organization_id, count(*) AS total FROM vehicles GROUP BY organization_id) v ON v.organization_id = o.id
    LEFT JOIN (SELECT v.organization_id, sum(r.cost) AS cost FROM repairs r JOIN vehicles v ON v.id = r.vehicle_id
      GROUP BY v.organization_id) r ON r.organization_id = o.id
    """
}
