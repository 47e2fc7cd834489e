import {
  author,
  comment,
  content,
  contentBrief,
  HAPPENED_AT,
  moderator,
  reader,
  reply,
  type Sample,
} from './sample-objects'

/** The reasons of moderators, with the message to the author. */
const REASONS = {
  advertising: 'It advertises a product.',
  aggressive: 'It attacks another member.',
  offtopic: 'It has nothing to do with the topic.',
  poor: 'It adds nothing to the conversation.',
  vulgar: 'Its language is vulgar.',
}

/** @param subject the fields that only this type of notification has */
const notification = (type: string, recipient: Sample, subject: Sample): [string, Sample] => [
  `notification.${type}`,
  { id: 99_310, type, recipient, is_new: true, active_at: HAPPENED_AT, ...subject },
]

/** Samples of the group `notification`, by event type. */
export const notificationSamples: Record<string, Sample> = Object.fromEntries([
  ...Object.entries(REASONS).flatMap(([reason, message]) => [
    notification(`collapsed_for_${reason}`, reader, {
      reason,
      message,
      comment: { ...comment, collapsed: true },
      collapsed_at: HAPPENED_AT,
    }),
    notification(`deleted_for_${reason}`, author, {
      reason,
      message,
      content: { ...contentBrief('post'), deleted: true },
      deleted_at: HAPPENED_AT,
    }),
    notification(`kindly_notice_${reason}`, author, { reason, message, content: contentBrief('post') }),
  ]),
  notification('undeleted_for', author, { content: content('post'), restored_at: HAPPENED_AT }),
  notification('blocked_user', reader, {
    user: reader,
    blocked_by: moderator,
    blocked_until: '2026-03-27T16:05:12.907Z',
    blocked_at: HAPPENED_AT,
  }),
  notification('unblocked_user', reader, {
    user: reader,
    unblocked_by: moderator,
    unblocked_at: HAPPENED_AT,
  }),
  notification('comment', author, { comment }),
  notification('nested_comment', reader, { comment: reply, parent: comment }),
  notification('mention', reader, {
    mentioned_by: author,
    content: { ...content('status'), text: 'Thanks for the seeds, @tom.ashby!', mentions: [reader] },
  }),
  notification('vote_up', author, {
    voter: reader,
    reaction: { id: 1, label: 'Like' },
    content: contentBrief('post'),
    voted_at: HAPPENED_AT,
  }),
  notification('follow', author, {
    follower: reader,
    followed: contentBrief('discussion'),
    followed_at: HAPPENED_AT,
  }),
  notification('user_follow', author, { follower: reader, followed: author, followed_at: HAPPENED_AT }),
  notification('connection_request', author, {
    request: { id: 640, from_user: reader, to_user: author, status: 'pending', created_at: HAPPENED_AT },
  }),
  notification('connection_accept', reader, {
    request: { id: 640, from_user: reader, to_user: author, status: 'accepted', accepted_at: HAPPENED_AT },
  }),
  notification('contribution', reader, { contribution: content('discussion') }),
  notification('private_message', reader, {
    message: {
      id: 7_415,
      thread_id: 802,
      sender: author,
      receiver: reader,
      text: 'Shall I bring you some seedlings on Saturday?',
      file: null,
      created_at: HAPPENED_AT,
    },
  }),
  notification('custom_notification', author, {
    custom_notification: {
      id: 19,
      title: 'The seed swap is on Saturday',
      description: 'Bring what you have too much of.',
      link: 'https://community.example.com/page/21/seed-swap',
      embed: { type: 'event', id: 21, starts_at: '2026-03-28T09:00:00.000Z' },
    },
  }),
  notification('banner.sent', author, {
    banner: {
      id: 8,
      title: 'Spring challenge',
      content: 'Show us your first blossom.',
      link: 'https://community.example.com/category/7/balcony-gardens',
      image: 'https://media.example.com/banners/8.jpg',
    },
    recipients_counter: 412,
    sent_at: HAPPENED_AT,
  }),
])
