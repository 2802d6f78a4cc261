/* SPDX-License-Identifier: ISC */
/* signals.h - what a signal leaves behind: nothing */
#ifndef KST_UI_SIGNALS_H
#define KST_UI_SIGNALS_H

/*
 * INT, TERM, HUP and QUIT remove the temporary files of a save that is under way
 * and then end the program as they would have.  SIGPIPE stays deadly and silent;
 * SIGXFSZ becomes an error of write(2).
 */
void signals_init(void);

/*
 * For a command that runs until it is told to stop, and then has something to say: from now on the first
 * INT or TERM makes the descriptor readable that this returns (-1: none can be made), and is no end.
 * The second one is.
 */
int signals_stop(void);

#endif
