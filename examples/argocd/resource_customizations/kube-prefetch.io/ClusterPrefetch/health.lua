-- Health of a Prefetch or ClusterPrefetch.
--
-- As an ordinary part of an application it is healthy once its plan is published: an image that a node lacks is no fault of the
-- application. As a hook, or with the annotation kube-prefetch.io/argocd-health: Warm, it is healthy once every node holds its
-- images, so that the next phase or wave of a sync begins warm; and it is degraded, which fails the sync, where that takes a person.

-- Kinds of failures that trying again does not mend: docs/failures.md.
local permanent = {
  NotFound = true, NoPlatform = true, InvalidReference = true, Unauthorized = true, NotAnImage = true,
}
-- Reasons of Warm that only a change of the spec or of the cluster mends: docs/status.md.
local stuck = { NoImages = true, NoNodes = true, BeyondLimits = true, PlanFull = true }

local function health(status, message)
  return { status = status, message = message }
end

local function condition(wanted)
  if obj.status ~= nil and obj.status.conditions ~= nil then
    for _, found in ipairs(obj.status.conditions) do
      if found.type == wanted then return found end
    end
  end
  return { status = "Unknown", reason = "Pending", message = "" }
end

local function waitsForWarm()
  local annotations = obj.metadata.annotations
  if annotations == nil then return false end
  return annotations["argocd.argoproj.io/hook"] ~= nil or annotations["kube-prefetch.io/argocd-health"] == "Warm"
end

local function permanentFailure()
  for _, failure in ipairs(obj.status.failures or {}) do
    if permanent[failure.reason] then return failure end
  end
  return nil
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "the coordinator has not looked at this generation yet")
end

local accepted, ready, warm = condition("Accepted"), condition("Ready"), condition("Warm")

if accepted.status == "False" then return health("Degraded", accepted.message) end

if waitsForWarm() then
  if warm.status == "True" then return health("Healthy", warm.message) end
  if obj.spec.suspend then return health("Suspended", warm.message) end
  if warm.status == "False" then
    if stuck[warm.reason] then return health("Degraded", warm.message) end
    local failure = permanentFailure()
    if failure ~= nil then
      return health("Degraded", failure.image .. ": " .. failure.reason .. ": " .. failure.message)
    end
  end
  return health("Progressing", warm.message)
end

if obj.spec.suspend then return health("Suspended", warm.message) end
if ready.status == "True" then return health("Healthy", warm.message) end
if ready.reason == "PlanFull" then return health("Degraded", ready.message) end
return health("Progressing", ready.message)
