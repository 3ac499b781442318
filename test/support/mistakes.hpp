/// What the programs in compile_fail/ have in common: everything of a consumer, and the line that is right or wrong.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/stage/decode.hpp>
#include <pgq/stage/dispatch.hpp>
#include <pgq/stage/filter.hpp>
#include <pgq/stage/observe.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>
#include <pgq/stage/transform.hpp>

#include <support/orders.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>

using support::order_placed;

inline pgq::subscription const orders{"orders", "billing"};
