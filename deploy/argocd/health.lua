-- What Argo CD says of the health of every kind of provost.dev, AdminApi among them.
--
-- Argo CD runs this with `obj` as a global and with no library but the basic one and `table`. It is written here once:
-- `make generate` puts it into argocd-cm.yaml beside this file. As resource_customizations/provost.dev/_/health.lua it
-- would be a check of Argo CD's own.

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

local function told(name)
  local condition = conditions[name]
  return condition.reason .. ": " .. condition.message
end

local function health(word, message)
  return { status = word, message = message }
end

-- Argo CD itself says Progressing of whatever is being deleted, and does not ask here; other users of such checks do.
if obj.metadata.deletionTimestamp ~= nil then
  if is("Stalled") then
    return health("Degraded", told("Stalled"))
  end
  return health("Progressing", "it is being deleted")
end

-- -1 is what the schema writes before the operator had its first look.
if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "the operator has not looked at this generation of the spec yet")
end

local ready = conditions["Ready"]
if ready == nil then
  return health("Progressing", "the operator has not said yet whether it is ready")
end

-- Somebody wants it so, or has to say yes: nothing is wrong.
local waits_for_a_word = { Paused = true, AwaitingApproval = true, PlanStale = true }
if ready.status ~= "True" and waits_for_a_word[ready.reason] then
  return health("Suspended", told("Ready"))
end
if is("Stalled") then
  return health("Degraded", told("Stalled"))
end
if is("Reconciling") then
  return health("Progressing", told("Reconciling"))
end
if ready.status ~= "True" then
  return health("Progressing", told("Ready"))
end
-- An AdminApi whose guard has stopped a mass deletion works, and yet somebody has to look.
if is("DeletionsHeld") then
  return health("Degraded", told("DeletionsHeld"))
end

-- Ready, and perhaps something is worth knowing all the same. What a kind says beside Ready is good when it is so, but for these.
local bad_when_so = { Drifted = true, RestartRequired = true, AccountLocked = true, PermissionsShared = true }
local notes = {}
for _, condition in ipairs(status.conditions) do
  local bad = bad_when_so[condition.type] and "True" or "False"
  if condition.status == bad and condition.type ~= "Synced" then
    table.insert(notes, condition.type .. ": " .. condition.message)
  end
end
if #notes > 0 then
  return health("Healthy", table.concat(notes, "; "))
end
return health("Healthy", ready.message)
