/// The one include for tests of consumers and producers without a server.
#pragma once

#include <pgq/testing/clock.hpp>
#include <pgq/testing/event_state.hpp>
#include <pgq/testing/expect.hpp>
#include <pgq/testing/fault.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/testing/run.hpp>
#include <pgq/testing/server.hpp>
#include <pgq/testing/session.hpp>
