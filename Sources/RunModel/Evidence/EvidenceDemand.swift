package import JSONText
package import PluginAPI

/// What a plan's run here has to be shown before its first step.
package struct EvidenceDemand: Sendable {
  /// A step that this run will really run.
  package struct Step: Sendable {
    package var id: String
    package var uses: String
    /// Frozen parameters without tokens of private variables.
    package var spec: JSON
    /// Of its parameters: which of them are tuning.
    package var shape: Shape
    package var files: [String: String]
    package var needs: [String]
    package var schedule: JSON?
    package var isGate: Bool

    package init(
      id: String, uses: String, spec: JSON, shape: Shape, files: [String: String] = [:], needs: [String] = [],
      schedule: JSON? = nil, isGate: Bool = false
    ) {
      self.id = id
      self.uses = uses
      self.spec = spec
      self.shape = shape
      self.files = files
      self.needs = needs
      self.schedule = schedule
      self.isGate = isGate
    }
  }

  package var plan: String
  package var releaseHash: String
  package var steps: [Step]
  /// Whose evidence is wanted.
  package var environment: String
  package var soak: Duration
  package var maxAge: Duration
  /// Keys of which one has to have signed; none: evidence read over a connection is trusted as that connection is.
  package var trust: [String]
  /// `STEP.PARAMETER…`: where the two may differ.
  package var allowed: [String]
  /// This database and its journal.
  package var identity: Evidence.Identity
  package var target: String
  /// The run that waits; `nil`: there is none yet.
  package var run: String?

  package init(
    plan: String, releaseHash: String, steps: [Step], environment: String, soak: Duration = .zero, maxAge: Duration,
    trust: [String] = [], allowed: [String] = [], identity: Evidence.Identity, target: String, run: String? = nil
  ) {
    self.plan = plan
    self.releaseHash = releaseHash
    self.steps = steps
    self.environment = environment
    self.soak = soak
    self.maxAge = maxAge
    self.trust = trust
    self.allowed = allowed
    self.identity = identity
    self.target = target
    self.run = run
  }
}

/// Evidence as it was found, with what its finder could see besides.
package struct EvidenceOffer: Sendable {
  package enum Signature: Sendable, Hashable {
    case none
    /// By that key, over exactly this body.
    case good(by: String)
    /// Not made over this body by the key that is named, or no signature at all.
    case bad(by: String)
  }

  package var evidence: Evidence
  package var signature: Signature
  /// Its journal was adopted by a copy.
  package var isVoid: Bool
  /// Of the run that left it, as its own journal says now; `nil`: unknown.
  package var runState: RunState?
  /// Why the journal it was read from cannot be believed.
  package var objection: String?
  /// Whether the server it was read from is the one of this database; `nil`: it came as a file.
  package var isSameServer: Bool?
  /// How the plan of another release differs from this one.
  package var differences: [String]

  package init(
    _ evidence: Evidence, signature: Signature = .none, isVoid: Bool = false, runState: RunState? = nil,
    objection: String? = nil, isSameServer: Bool? = nil, differences: [String] = []
  ) {
    self.evidence = evidence
    self.signature = signature
    self.isVoid = isVoid
    self.runState = runState
    self.objection = objection
    self.isSameServer = isSameServer
    self.differences = differences
  }

  /// Read as a file, not from its own journal.
  package var isFile: Bool { isSameServer == nil }
}

/// Evidence that has let a run of this target begin.
package struct EvidenceUse: Sendable, Hashable {
  package var evidence: String
  package var run: String
  /// The run has ended, and no newer one has taken its place.
  package var isOver: Bool
  /// Of the evidence.
  package var finishedAt: Moment
  /// Of the evidence: whose it was.
  package var journal: String
  package var target: String
  package var plan: String

  package init(
    evidence: String, run: String, isOver: Bool, finishedAt: Moment, journal: String, target: String, plan: String
  ) {
    self.evidence = evidence
    self.run = run
    self.isOver = isOver
    self.finishedAt = finishedAt
    self.journal = journal
    self.target = target
    self.plan = plan
  }
}

/// What is to be said of a piece of evidence.
package enum EvidenceVerdict: Sendable, Hashable {
  /// It proves what it has to; what a person should know nevertheless, one line each.
  case open(notes: [String])
  case closed(EvidenceRefusal)
}

/// Why evidence does not admit a run.
package struct EvidenceRefusal: Error, Sendable, Hashable {
  package enum Cause: String, Sendable, Hashable, CaseIterable {
    case none, unreachable, release, step, difference, environment, soak, expired, void, foreign, forged, replayed
    case rolledBack = "rolled_back"
  }

  package let cause: Cause
  package let reason: String
  /// When it passes by itself.
  package let next: Moment?

  package init(_ cause: Cause, _ reason: String, next: Moment? = nil) {
    self.cause = cause
    self.reason = reason
    self.next = next
  }
}
