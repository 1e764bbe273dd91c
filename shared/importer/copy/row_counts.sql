-- Counts staged rows: all rows of the source; written or removed in the target; unchanged; identical to a row of
-- another program; folded; quarantined; with an entry for the quarantine.
SELECT count(*) FILTER (WHERE reason IS DISTINCT FROM 'deleted_in_source'),
  count(*) FILTER (WHERE action IN ('new', 'update', 'remove') AND (reason IS NULL OR action = 'remove')),
  count(*) FILTER (WHERE action = 'same'),
  count(*) FILTER (WHERE action = 'identical'),
  count(*) FILTER (WHERE action = 'folded'),
  count(*) FILTER (WHERE reason IS NOT NULL AND reason <> 'deleted_in_source'),
  count(*) FILTER (WHERE has_entry)
FROM (
  SELECT reason, action, reason IS NOT NULL OR fields IS NOT NULL AS has_entry
  FROM stage_user
  UNION ALL
  SELECT reason, CASE WHEN folded AND reason IS NULL THEN 'folded' ELSE action END,
    reason IS NOT NULL OR fields IS NOT NULL
  FROM stage_identity
  UNION ALL
  SELECT reason, action, reason IS NOT NULL OR fields IS NOT NULL
  FROM stage_profile
  UNION ALL
  SELECT reason, action, reason IS NOT NULL OR fields IS NOT NULL
  FROM stage_factor
  UNION ALL
  SELECT reason, 'none', true
  FROM stage_other
) s
