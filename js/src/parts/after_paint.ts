// What can wait until the page has shown what has changed.

/** Milliseconds after which a page that is not seen, and so never painted, is not waited for. */
const UNSEEN = 200;

/** Runs a task once what has changed is painted. */
export function afterPaint(task: () => void): void {
  let done = false;
  const once = () => {
    if (!done) task();
    done = true;
  };
  // A frame is painted before the tasks that its own animation callback queues.
  requestAnimationFrame(() => setTimeout(once, 0));
  setTimeout(once, UNSEEN);
}
