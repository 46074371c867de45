-- overload.lua - count statuses for wrk, and what is refused without a time to
-- come again; printed as JSON.

local threads = {}
answers, mute = {}, 0

function setup(thread)
	table.insert(threads, thread)
end

function response(status, headers)
	answers[status] = (answers[status] or 0) + 1
	if status ~= 200 and not headers["Retry-After"] then
		mute = mute + 1
	end
end

function done(summary)
	local e = summary.errors
	local failed = e.connect + e.read + e.write + e.timeout
	local sum, fields = { failed = failed, mute = 0 }, {}

	for _, thread in ipairs(threads) do
		sum.mute = sum.mute + thread:get("mute")
		for status, count in pairs(thread:get("answers")) do
			sum[status] = (sum[status] or 0) + count
		end
	end
	for name, count in pairs(sum) do
		table.insert(fields, string.format('"%s":%d', name, count))
	end
	print("{" .. table.concat(fields, ",") .. "}")
end
