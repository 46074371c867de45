-- load.lua - requests for wrk, as MODE says: a name of make below, or null.
--
-- Each of the two threads reads every second line of the file TOKENS, and of
-- SEARCHES.  A refresh token is good for one request, so a run begins behind
-- the line SKIP; what is read is asked by 16 clients again and again.

local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

local json = { ["Content-Type"] = "application/json" }
local clients, accounts = 16, 80000
local lines, searches, at = {}, {}, 0

local function read(path, skip, into)
	local n = 0

	for line in io.lines(path) do
		if n % 2 == number and n >= skip then
			into[#into + 1] = line
		end
		n = n + 1
	end
end

function init()
	read(os.getenv("TOKENS"), tonumber(os.getenv("SKIP") or 0), lines)
	read(os.getenv("SEARCHES"), 0, searches)
	math.randomseed(os.time() * 2 + number)
end

local function next_line(most)
	at = at % most + 1
	return string.match(lines[at], "(%S+) (%S+) (%S+)")
end

-- Some one of the people of two hundred chats, and the chat.
local function next_talker()
	local session, access = string.match(lines[math.random(1000)],
					     "(%S+) (%S+)")
	local account = math.floor((tonumber(string.sub(session, -12)) - 1) / 5)

	return access, string.format("00000000-0000-8000-a000-%012d",
				     math.floor(account / 2) + 1)
end

local function uuid()
	return string.format("%08x-0000-4000-8000-%06x%06x",
			     math.random(0, 0x7fffffff),
			     math.random(0, 0xffffff), math.random(0, 0xffffff))
end

local function history(limit)
	local access, chat = next_talker()
	return wrk.format("GET",
		"/messages/chat/" .. chat .. "?limit=" .. limit,
		{ Authorization = "Bearer " .. access })
end

local function get(path)
	local _, access = next_line(clients / 2)
	return wrk.format("GET", path, { Authorization = "Bearer " .. access })
end

local function search(pattern)
	local line = searches[math.random(#searches)]
	return get("/users/search?nickname=" .. string.match(line, pattern))
end

local make = {}

function make.sessions()
	return get("/sessions")
end

function make.profile()
	return get(string.format("/user/00000000-0000-7000-9000-%012d",
				 math.random(accounts)))
end

function make.subscriptions()
	return get("/subscriptions/me?limit=50")
end

function make.notifications()
	local access = next_talker()
	return wrk.format("GET", "/notifications",
			  { Authorization = "Bearer " .. access })
end

function make.avatar()
	return wrk.format("GET",
		"/avatars/00000000-0000-8000-8000-000000000000.webp")
end

function make.file()
	return wrk.format("GET", "/avatar")
end

function make.beginning()
	return search("^%S+")
end

function make.misspelt()
	return search("%S+$")
end

function make.history20()
	return history(20)
end

function make.history50()
	return history(50)
end

function make.send()
	local access, chat = next_talker()
	return wrk.format("POST", "/messages/send", {
			["Content-Type"] = "application/json",
			Authorization = "Bearer " .. access },
		'{"chat_id":"' .. chat .. '","client_id":"' .. uuid() ..
		'","text":"What do you say to a walk before it gets dark?"}')
end

function make.refresh()
	local _, _, refresh = next_line(#lines)
	return wrk.format("POST", "/refresh-token", json,
			  '{"refresh_token":"' .. refresh .. '"}')
end

function make.login()
	at = at + 1
	return wrk.format("POST", "/login", json, string.format(
		'{"email":"bench%d@kith.example",' ..
		'"password":"a quiet orange tree"}', at % 500 * 2 + number + 1))
end

request = make[os.getenv("MODE")] or function()
	return wrk.format("GET", "/healthz")
end

function done(summary, latency)
	local e = summary.errors
	local bad = e.connect + e.read + e.write + e.timeout + e.status

	io.write(string.format("result %.0f %.2f %.2f %d\n",
		summary.requests / summary.duration * 1e6,
		latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, bad))
end
