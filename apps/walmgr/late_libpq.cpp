// libpq, which comes with thirty libraries of its own, loaded when a command first talks to a server. The ones that a
// server runs for each segment talk to none, and would spend most of their time on loading it. A function that is
// missing here is missing when the program is linked.
#include "late_library.hpp"

#include <libpq-fe.h>

namespace {

template <auto Ours> auto late(char const* name) {
    static void* const library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    static auto const found = reinterpret_cast<decltype(Ours)>(walmgr_app::look_up(library, name));
    return found;
}

}  // namespace

extern "C" {
int PQbackendPID(PGconn const* a) {
    return late<PQbackendPID>("PQbackendPID")(a);
}
int PQbinaryTuples(PGresult const* a) {
    return late<PQbinaryTuples>("PQbinaryTuples")(a);
}
int PQcancel(PGcancel* a, char* b, int c) {
    return late<PQcancel>("PQcancel")(a, b, c);
}
void PQclear(PGresult* a) {
    return late<PQclear>("PQclear")(a);
}
char* PQcmdStatus(PGresult* a) {
    return late<PQcmdStatus>("PQcmdStatus")(a);
}
char* PQcmdTuples(PGresult* a) {
    return late<PQcmdTuples>("PQcmdTuples")(a);
}
PostgresPollingStatusType PQconnectPoll(PGconn* a) {
    return late<PQconnectPoll>("PQconnectPoll")(a);
}
PGconn* PQconnectStartParams(char const* const* a, char const* const* b, int c) {
    return late<PQconnectStartParams>("PQconnectStartParams")(a, b, c);
}
int PQconnectionNeedsPassword(PGconn const* a) {
    return late<PQconnectionNeedsPassword>("PQconnectionNeedsPassword")(a);
}
PQconninfoOption* PQconninfo(PGconn* a) {
    return late<PQconninfo>("PQconninfo")(a);
}
void PQconninfoFree(PQconninfoOption* a) {
    return late<PQconninfoFree>("PQconninfoFree")(a);
}
PQconninfoOption* PQconninfoParse(char const* a, char** b) {
    return late<PQconninfoParse>("PQconninfoParse")(a, b);
}
int PQconsumeInput(PGconn* a) {
    return late<PQconsumeInput>("PQconsumeInput")(a);
}
char* PQerrorMessage(PGconn const* a) {
    return late<PQerrorMessage>("PQerrorMessage")(a);
}
void PQfinish(PGconn* a) {
    return late<PQfinish>("PQfinish")(a);
}
int PQflush(PGconn* a) {
    return late<PQflush>("PQflush")(a);
}
char* PQfname(PGresult const* a, int b) {
    return late<PQfname>("PQfname")(a, b);
}
void PQfreeCancel(PGcancel* a) {
    return late<PQfreeCancel>("PQfreeCancel")(a);
}
void PQfreemem(void* a) {
    return late<PQfreemem>("PQfreemem")(a);
}
Oid PQftype(PGresult const* a, int b) {
    return late<PQftype>("PQftype")(a, b);
}
PGcancel* PQgetCancel(PGconn* a) {
    return late<PQgetCancel>("PQgetCancel")(a);
}
int PQgetCopyData(PGconn* a, char** b, int c) {
    return late<PQgetCopyData>("PQgetCopyData")(a, b, c);
}
PGresult* PQgetResult(PGconn* a) {
    return late<PQgetResult>("PQgetResult")(a);
}
int PQgetisnull(PGresult const* a, int b, int c) {
    return late<PQgetisnull>("PQgetisnull")(a, b, c);
}
int PQgetlength(PGresult const* a, int b, int c) {
    return late<PQgetlength>("PQgetlength")(a, b, c);
}
char* PQgetvalue(PGresult const* a, int b, int c) {
    return late<PQgetvalue>("PQgetvalue")(a, b, c);
}
char* PQhost(PGconn const* a) {
    return late<PQhost>("PQhost")(a);
}
char* PQhostaddr(PGconn const* a) {
    return late<PQhostaddr>("PQhostaddr")(a);
}
int PQisBusy(PGconn* a) {
    return late<PQisBusy>("PQisBusy")(a);
}
int PQnfields(PGresult const* a) {
    return late<PQnfields>("PQnfields")(a);
}
int PQntuples(PGresult const* a) {
    return late<PQntuples>("PQntuples")(a);
}
char const* PQparameterStatus(PGconn const* a, char const* b) {
    return late<PQparameterStatus>("PQparameterStatus")(a, b);
}
PGPing PQpingParams(char const* const* a, char const* const* b, int c) {
    return late<PQpingParams>("PQpingParams")(a, b, c);
}
char* PQport(PGconn const* a) {
    return late<PQport>("PQport")(a);
}
int PQputCopyData(PGconn* a, char const* b, int c) {
    return late<PQputCopyData>("PQputCopyData")(a, b, c);
}
int PQputCopyEnd(PGconn* a, char const* b) {
    return late<PQputCopyEnd>("PQputCopyEnd")(a, b);
}
char* PQresultErrorField(PGresult const* a, int b) {
    return late<PQresultErrorField>("PQresultErrorField")(a, b);
}
char* PQresultErrorMessage(PGresult const* a) {
    return late<PQresultErrorMessage>("PQresultErrorMessage")(a);
}
ExecStatusType PQresultStatus(PGresult const* a) {
    return late<PQresultStatus>("PQresultStatus")(a);
}
int PQsendPrepare(PGconn* a, char const* b, char const* c, int d, Oid const* e) {
    return late<PQsendPrepare>("PQsendPrepare")(a, b, c, d, e);
}
int PQsendQuery(PGconn* a, char const* b) {
    return late<PQsendQuery>("PQsendQuery")(a, b);
}
int PQsendQueryParams(PGconn* a, char const* b, int c, Oid const* d, char const* const* e, int const* f, int const* g,
                      int h) {
    return late<PQsendQueryParams>("PQsendQueryParams")(a, b, c, d, e, f, g, h);
}
int PQsendQueryPrepared(PGconn* a, char const* b, int c, char const* const* d, int const* e, int const* f, int g) {
    return late<PQsendQueryPrepared>("PQsendQueryPrepared")(a, b, c, d, e, f, g);
}
int PQserverVersion(PGconn const* a) {
    return late<PQserverVersion>("PQserverVersion")(a);
}
PGVerbosity PQsetErrorVerbosity(PGconn* a, PGVerbosity b) {
    return late<PQsetErrorVerbosity>("PQsetErrorVerbosity")(a, b);
}
PQnoticeReceiver PQsetNoticeReceiver(PGconn* a, PQnoticeReceiver b, void* c) {
    return late<PQsetNoticeReceiver>("PQsetNoticeReceiver")(a, b, c);
}
int PQsetnonblocking(PGconn* a, int b) {
    return late<PQsetnonblocking>("PQsetnonblocking")(a, b);
}
int PQsocket(PGconn const* a) {
    return late<PQsocket>("PQsocket")(a);
}
ConnStatusType PQstatus(PGconn const* a) {
    return late<PQstatus>("PQstatus")(a);
}
PGTransactionStatusType PQtransactionStatus(PGconn const* a) {
    return late<PQtransactionStatus>("PQtransactionStatus")(a);
}
}
