/*
 * bad_session - the function session, but its list takes 50 ms, and there is
 * nothing else that works: test_overload.py, test_deploy.py.
 */
#include <unistd.h>

#include "runtime/http.h"

enum { SERVICE_US = 50000 };

static enum err slow(struct req *req)
{
	usleep(SERVICE_US);
	return http_json(req, 200, "{}");
}

static enum err fail(struct req *req)
{
	(void)req;
	return ERR_INTERNAL;
}

const struct route routes[] = {
	{ "GET",  "/sessions",      AUTH_NONE, slow },
	{ "POST", "/refresh-token", AUTH_NONE, fail },
	{ 0 }
};
