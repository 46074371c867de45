-- post.lua - POST /refresh-token for wrk.
--
-- TOKENS and the bodies' sizes, KIB, come in turn; spaces separate them.
-- Each connection rests for PAUSE_MS between two.  Prints how often each status
-- came, and how many requests failed, as JSON.

local tokens, sizes, threads = {}, {}, {}
local pause_ms = tonumber(os.getenv("PAUSE_MS"))
local n = 0
answers = {}

function setup(thread)
	table.insert(threads, thread)
end

function init()
	for token in string.gmatch(os.getenv("TOKENS"), "%S+") do
		table.insert(tokens, token)
	end
	for size in string.gmatch(os.getenv("KIB"), "%S+") do
		table.insert(sizes, tonumber(size))
	end
end

function request()
	local token, size = tokens[n % #tokens + 1], sizes[n % #sizes + 1]

	n = n + 1
	return wrk.format("POST", "/refresh-token",
			  { ["Content-Type"] = "application/json" },
			  '{"refresh_token":"' .. token .. '"}' ..
			  string.rep(" ", size * 1024))
end

function delay()
	return pause_ms
end

function response(status)
	answers[status] = (answers[status] or 0) + 1
end

function done(summary)
	local e = summary.errors
	local sum, fields = { failed = e.connect + e.read + e.write + e.timeout }, {}

	for _, thread in ipairs(threads) do
		for status, count in pairs(thread:get("answers")) do
			sum[status] = (sum[status] or 0) + count
		end
	end
	for name, count in pairs(sum) do
		table.insert(fields, string.format('"%s":%d', name, count))
	end
	print("{" .. table.concat(fields, ",") .. "}")
end
