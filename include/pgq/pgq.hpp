/// The one include for programs that produce and consume. What daemons need beside it has headers of its own:
/// <pgq/ticker.hpp>, <pgq/maintenance.hpp>, <pgq/ini.hpp>.
#pragma once

#include <pgq/batch.hpp>
#include <pgq/change.hpp>
#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/dead_letter_queue.hpp>
#include <pgq/group.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/raw.hpp>
#include <pgq/payload/urlencoded.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/dead_letters.hpp>
#include <pgq/policy/fetch.hpp>
#include <pgq/policy/insert.hpp>
#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/policy/insert_pipelined.hpp>
#include <pgq/policy/spooled.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/producer.hpp>
#include <pgq/runner.hpp>
#include <pgq/schema.hpp>
#include <pgq/source/coop_subscription.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/stage/decode.hpp>
#include <pgq/stage/dispatch.hpp>
#include <pgq/stage/filter.hpp>
#include <pgq/stage/match_all.hpp>
#include <pgq/stage/observe.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>
#include <pgq/stage/transform.hpp>
#include <pgq/stop.hpp>
