-- SPDX-License-Identifier: Apache-2.0
-- What wrk sends. Arguments: the kind of request, a file with one line per thing to request, a file with a token or "",
-- and a mark that makes names unique.
--   get     lines: paths, taken in turn
--   create  lines: path and namespace
--   patch   lines: path, id and ETag of a project; each answer gives the next ETag

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local function read(path)
    local lines = {}
    for line in io.lines(path) do
        lines[#lines + 1] = line
    end
    return lines
end

local kind, lines, headers, mark, count = "get", {}, {}, "", 0
local path, namespace

function init(args)
    kind, lines, mark = args[1], read(args[2]), args[4]
    if args[3] ~= "" then
        headers["Authorization"] = "Bearer " .. read(args[3])[1]
    end
    if kind ~= "get" then
        headers["Content-Type"] = "application/json"
    end
    if kind == "create" then
        path, namespace = lines[1]:match("(%S+) ?(%S*)")
    end
    if kind == "patch" then
        local mine = {}
        for at, line in ipairs(lines) do
            if at % 2 == number % 2 then
                mine[#mine + 1] = line:match("%S+ (.*)")
            end
        end
        path, lines = lines[1]:match("(%S+)"), mine
    else
        response = nil
    end
end

local send = {}

function send.get()
    return wrk.format("GET", lines[count % #lines + 1], headers)
end

function send.create()
    local body = '{"name":"Bench %s %d %d","namespace":"%s"}'
    return wrk.format("POST", path, headers, body:format(mark, number, count, namespace))
end

function send.patch()
    local id, etag = table.remove(lines, 1):match("(%S+) (%S+)")
    headers["If-Match"] = etag
    return wrk.format("PATCH", path .. "/" .. id, headers, '{"description":"Text ' .. count .. '"}')
end

function request()
    count = count + 1
    return send[kind]()
end

function response(_, _, body)
    local id, etag = body:match('"id":"(%w+)"'), body:match('"etag":"(\\"%w+\\")"')
    if id and etag then
        lines[#lines + 1] = id .. " " .. etag:gsub("\\", "")
    end
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"seconds":%f,"refused":%d,"broken":%d,"p50":%f,"p99":%f,"p999":%f}\n',
        summary.requests, summary.duration / 1e6, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
