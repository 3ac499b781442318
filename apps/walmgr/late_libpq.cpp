// libpq, which comes with thirty libraries of its own, loaded when a command first talks to a server. The ones that a
// server runs for each segment talk to none, and would spend most of their time on loading it. A function that is
// missing here is missing when the program is linked.
#include "late_library.hpp"

#include <libpq-fe.h>

namespace {

template <auto Ours> auto from_libpq(char const* name) {
    return walmgr_app::from_library<Ours>("libpq.so.5", name);
}

}  // namespace

extern "C" {
int PQbackendPID(PGconn const* a) {
    return from_libpq<PQbackendPID>("PQbackendPID")(a);
}
int PQbinaryTuples(PGresult const* a) {
    return from_libpq<PQbinaryTuples>("PQbinaryTuples")(a);
}
int PQcancel(PGcancel* a, char* b, int c) {
    return from_libpq<PQcancel>("PQcancel")(a, b, c);
}
void PQclear(PGresult* a) {
    return from_libpq<PQclear>("PQclear")(a);
}
char* PQcmdStatus(PGresult* a) {
    return from_libpq<PQcmdStatus>("PQcmdStatus")(a);
}
char* PQcmdTuples(PGresult* a) {
    return from_libpq<PQcmdTuples>("PQcmdTuples")(a);
}
PostgresPollingStatusType PQconnectPoll(PGconn* a) {
    return from_libpq<PQconnectPoll>("PQconnectPoll")(a);
}
PGconn* PQconnectStartParams(char const* const* a, char const* const* b, int c) {
    return from_libpq<PQconnectStartParams>("PQconnectStartParams")(a, b, c);
}
int PQconnectionNeedsPassword(PGconn const* a) {
    return from_libpq<PQconnectionNeedsPassword>("PQconnectionNeedsPassword")(a);
}
PQconninfoOption* PQconninfo(PGconn* a) {
    return from_libpq<PQconninfo>("PQconninfo")(a);
}
void PQconninfoFree(PQconninfoOption* a) {
    return from_libpq<PQconninfoFree>("PQconninfoFree")(a);
}
PQconninfoOption* PQconninfoParse(char const* a, char** b) {
    return from_libpq<PQconninfoParse>("PQconninfoParse")(a, b);
}
int PQconsumeInput(PGconn* a) {
    return from_libpq<PQconsumeInput>("PQconsumeInput")(a);
}
char* PQerrorMessage(PGconn const* a) {
    return from_libpq<PQerrorMessage>("PQerrorMessage")(a);
}
void PQfinish(PGconn* a) {
    return from_libpq<PQfinish>("PQfinish")(a);
}
int PQflush(PGconn* a) {
    return from_libpq<PQflush>("PQflush")(a);
}
char* PQfname(PGresult const* a, int b) {
    return from_libpq<PQfname>("PQfname")(a, b);
}
void PQfreeCancel(PGcancel* a) {
    return from_libpq<PQfreeCancel>("PQfreeCancel")(a);
}
void PQfreemem(void* a) {
    return from_libpq<PQfreemem>("PQfreemem")(a);
}
Oid PQftype(PGresult const* a, int b) {
    return from_libpq<PQftype>("PQftype")(a, b);
}
PGcancel* PQgetCancel(PGconn* a) {
    return from_libpq<PQgetCancel>("PQgetCancel")(a);
}
int PQgetCopyData(PGconn* a, char** b, int c) {
    return from_libpq<PQgetCopyData>("PQgetCopyData")(a, b, c);
}
PGresult* PQgetResult(PGconn* a) {
    return from_libpq<PQgetResult>("PQgetResult")(a);
}
int PQgetisnull(PGresult const* a, int b, int c) {
    return from_libpq<PQgetisnull>("PQgetisnull")(a, b, c);
}
int PQgetlength(PGresult const* a, int b, int c) {
    return from_libpq<PQgetlength>("PQgetlength")(a, b, c);
}
char* PQgetvalue(PGresult const* a, int b, int c) {
    return from_libpq<PQgetvalue>("PQgetvalue")(a, b, c);
}
char* PQhost(PGconn const* a) {
    return from_libpq<PQhost>("PQhost")(a);
}
char* PQhostaddr(PGconn const* a) {
    return from_libpq<PQhostaddr>("PQhostaddr")(a);
}
int PQisBusy(PGconn* a) {
    return from_libpq<PQisBusy>("PQisBusy")(a);
}
int PQnfields(PGresult const* a) {
    return from_libpq<PQnfields>("PQnfields")(a);
}
int PQntuples(PGresult const* a) {
    return from_libpq<PQntuples>("PQntuples")(a);
}
char const* PQparameterStatus(PGconn const* a, char const* b) {
    return from_libpq<PQparameterStatus>("PQparameterStatus")(a, b);
}
PGPing PQpingParams(char const* const* a, char const* const* b, int c) {
    return from_libpq<PQpingParams>("PQpingParams")(a, b, c);
}
char* PQport(PGconn const* a) {
    return from_libpq<PQport>("PQport")(a);
}
int PQputCopyData(PGconn* a, char const* b, int c) {
    return from_libpq<PQputCopyData>("PQputCopyData")(a, b, c);
}
int PQputCopyEnd(PGconn* a, char const* b) {
    return from_libpq<PQputCopyEnd>("PQputCopyEnd")(a, b);
}
char* PQresultErrorField(PGresult const* a, int b) {
    return from_libpq<PQresultErrorField>("PQresultErrorField")(a, b);
}
char* PQresultErrorMessage(PGresult const* a) {
    return from_libpq<PQresultErrorMessage>("PQresultErrorMessage")(a);
}
ExecStatusType PQresultStatus(PGresult const* a) {
    return from_libpq<PQresultStatus>("PQresultStatus")(a);
}
int PQsendPrepare(PGconn* a, char const* b, char const* c, int d, Oid const* e) {
    return from_libpq<PQsendPrepare>("PQsendPrepare")(a, b, c, d, e);
}
int PQsendQuery(PGconn* a, char const* b) {
    return from_libpq<PQsendQuery>("PQsendQuery")(a, b);
}
int PQsendQueryParams(PGconn* a, char const* b, int c, Oid const* d, char const* const* e, int const* f, int const* g,
                      int h) {
    return from_libpq<PQsendQueryParams>("PQsendQueryParams")(a, b, c, d, e, f, g, h);
}
int PQsendQueryPrepared(PGconn* a, char const* b, int c, char const* const* d, int const* e, int const* f, int g) {
    return from_libpq<PQsendQueryPrepared>("PQsendQueryPrepared")(a, b, c, d, e, f, g);
}
int PQserverVersion(PGconn const* a) {
    return from_libpq<PQserverVersion>("PQserverVersion")(a);
}
PGVerbosity PQsetErrorVerbosity(PGconn* a, PGVerbosity b) {
    return from_libpq<PQsetErrorVerbosity>("PQsetErrorVerbosity")(a, b);
}
PQnoticeReceiver PQsetNoticeReceiver(PGconn* a, PQnoticeReceiver b, void* c) {
    return from_libpq<PQsetNoticeReceiver>("PQsetNoticeReceiver")(a, b, c);
}
int PQsetnonblocking(PGconn* a, int b) {
    return from_libpq<PQsetnonblocking>("PQsetnonblocking")(a, b);
}
int PQsocket(PGconn const* a) {
    return from_libpq<PQsocket>("PQsocket")(a);
}
ConnStatusType PQstatus(PGconn const* a) {
    return from_libpq<PQstatus>("PQstatus")(a);
}
PGTransactionStatusType PQtransactionStatus(PGconn const* a) {
    return from_libpq<PQtransactionStatus>("PQtransactionStatus")(a);
}
}
