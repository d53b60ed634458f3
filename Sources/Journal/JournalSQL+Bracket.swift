package import SQLText

extension JournalSQL {
  /// Locks the task of an open bracket. No row: it is not open any more, or not ours.
  package static func bracketProof(_ holding: Holding, task: Int) -> SQL {
    """
    SELECT task FROM caisson.task WHERE \(sql: mine(holding, task)) AND state IN ('intent','in_doubt') FOR NO KEY UPDATE
    """
  }
}
