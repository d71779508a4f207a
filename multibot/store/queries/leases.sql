-- name: take_lease(name, holder, at, expires_at, latest)$
-- A lease that nobody holds, that has run out, or that an earlier process of the same holder left;
-- gives the fence, nothing when another has it.
INSERT INTO leases (name, holder, taken_at, expires_at) VALUES (:name, :holder, :at, :expires_at)
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, fence = leases.fence + 1, taken_at = excluded.taken_at,
    expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder
    OR leases.expires_at <= :at OR leases.expires_at > :latest
RETURNING fence;

-- name: renew_lease(name, holder, fence, expires_at)$
-- A longer lease on what is still ours, also where it ran out and nobody took it; nothing when it
-- is not.
UPDATE leases SET expires_at = :expires_at
WHERE name = :name AND holder = :holder AND fence = :fence
RETURNING fence;

-- name: release_lease(name, holder, fence, at)!
-- The next one may have it at once; the row stays, so that fences only rise.
UPDATE leases SET expires_at = :at
WHERE name = :name AND holder = :holder AND fence = :fence;

-- name: lease_fence(name, holder)$
-- The fence of a holder's lease; nothing when another has it.
SELECT fence FROM leases WHERE name = :name AND holder = :holder;

-- name: lease(name)^
-- Who has a lease, or had it last.
SELECT holder, fence, expires_at FROM leases WHERE name = :name;
